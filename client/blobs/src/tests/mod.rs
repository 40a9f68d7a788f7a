mod download;
mod fetch;
mod message;
mod rate;
mod serve;
mod store;
mod support;
mod uploads;
