//! Claims that are not what the job gives, a hundred of each kind: each must be found, and at the right place.

mod liar;
