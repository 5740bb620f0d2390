//! The one table of routes. What is not here is not served; what is here is walked by the gate's test.

use axum::{handler::Handler, http::Method, routing::MethodRouter};

use crate::{
    App,
    api::{
        catalog, feeds, groups, jobs, labs, models, services, session, sql, status, today, topics,
    },
    live, measure, oip, pages,
};

/// A path and what may be done with it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) path: &'static str,
    #[cfg_attr(not(test), allow(dead_code, reason = "the gate's test walks the verbs"))]
    pub(crate) verbs: Vec<Method>,
    pub(crate) handler: MethodRouter<App>,
}

impl Entry {
    fn at(path: &'static str) -> Self {
        Self { path, verbs: Vec::new(), handler: MethodRouter::new() }
    }

    fn get<H: Handler<T, App>, T: 'static>(mut self, handler: H) -> Self {
        self.verbs.push(Method::GET);
        self.handler = self.handler.get(handler);
        self
    }

    fn post<H: Handler<T, App>, T: 'static>(mut self, handler: H) -> Self {
        self.verbs.push(Method::POST);
        self.handler = self.handler.post(handler);
        self
    }

    fn delete<H: Handler<T, App>, T: 'static>(mut self, handler: H) -> Self {
        self.verbs.push(Method::DELETE);
        self.handler = self.handler.delete(handler);
        self
    }
}

/// All routes.
pub(crate) fn table() -> Vec<Entry> {
    [program(), engine(), models(), labs(), inference(), open()].into_iter().flatten().collect()
}

fn program() -> Vec<Entry> {
    vec![
        Entry::at("/api/v1/session").post(session::begin).delete(session::end),
        Entry::at("/api/v1/me").get(session::me),
        Entry::at("/api/v1/open").post(session::open),
        Entry::at("/api/v1/status").get(status::show),
        Entry::at("/api/v1/shutdown").post(status::shutdown),
        Entry::at("/api/v1/services").get(services::list),
        Entry::at("/api/v1/live").get(live::live),
    ]
}

fn engine() -> Vec<Entry> {
    vec![
        Entry::at("/api/v1/topics").get(topics::list).post(topics::create),
        Entry::at("/api/v1/topics/{topic}").get(topics::show).delete(topics::delete),
        Entry::at("/api/v1/topics/{topic}/records").get(topics::records).post(topics::produce),
        Entry::at("/api/v1/groups").get(groups::list),
        Entry::at("/api/v1/groups/{group}").get(groups::show).delete(groups::delete),
        Entry::at("/api/v1/groups/{group}/reset").post(groups::reset),
        Entry::at("/api/v1/catalog").get(catalog::list),
        Entry::at("/api/v1/sql").post(sql::run),
        Entry::at("/api/v1/jobs").get(jobs::list).post(jobs::submit),
        Entry::at("/api/v1/jobs/{job}").get(jobs::show),
        Entry::at("/api/v1/jobs/{job}/stop").post(jobs::stop),
        Entry::at("/api/v1/feeds").get(feeds::list).post(feeds::create),
        Entry::at("/api/v1/feeds/{feed}").get(feeds::show).delete(feeds::delete),
        Entry::at("/api/v1/feeds/{feed}/play").post(feeds::play),
        Entry::at("/api/v1/feeds/{feed}/step").post(feeds::step),
        Entry::at("/api/v1/feeds/{feed}/pause").post(feeds::pause),
    ]
}

fn models() -> Vec<Entry> {
    vec![
        Entry::at("/api/v1/models").get(models::list),
        Entry::at("/api/v1/models/{model}").get(models::show).delete(models::delete),
        Entry::at("/api/v1/models/{model}/train").post(models::train),
        Entry::at("/api/v1/models/{model}/deploy").post(models::deploy),
        Entry::at("/api/v1/models/{model}/rollback").post(models::rollback),
        Entry::at("/api/v1/models/{model}/evaluate").post(models::evaluate),
        Entry::at("/api/v1/models/{model}/predict").post(models::predict),
        Entry::at("/api/v1/models/{model}/recommendations/{user}").get(models::recommend),
    ]
}

fn labs() -> Vec<Entry> {
    vec![
        Entry::at("/api/v1/today").get(today::show),
        Entry::at("/api/v1/labs").get(labs::list),
        Entry::at("/api/v1/labs/{lab}").get(labs::show),
        Entry::at("/api/v1/labs/{lab}/page").get(labs::page),
        Entry::at("/api/v1/labs/{lab}/start").post(labs::start),
        Entry::at("/api/v1/labs/{lab}/cells/{cell}/run").post(labs::run_cell),
        Entry::at("/api/v1/labs/{lab}/cells/{cell}/save").post(labs::save_cell),
        Entry::at("/api/v1/labs/{lab}/answers/{quiz}").post(labs::answer),
        Entry::at("/api/v1/labs/{lab}/vars/{name}").post(labs::set_var),
        Entry::at("/api/v1/labs/{lab}/clock").post(labs::clock),
        Entry::at("/api/v1/labs/{lab}/check").post(labs::check),
        Entry::at("/api/v1/labs/{lab}/checks/{check}/hint").post(labs::hint),
        Entry::at("/api/v1/labs/{lab}/solve").post(labs::solve),
        Entry::at("/api/v1/labs/{lab}/reset").post(labs::reset),
        Entry::at("/api/v1/labs/{lab}/jump").post(labs::jump),
    ]
}

fn inference() -> Vec<Entry> {
    vec![
        Entry::at("/v2").get(oip::server),
        Entry::at("/v2/health/live").get(oip::health_live),
        Entry::at("/v2/health/ready").get(oip::health_ready),
        Entry::at("/v2/models/{model}").get(oip::metadata),
        Entry::at("/v2/models/{model}/ready").get(oip::ready),
        Entry::at("/v2/models/{model}/infer").post(oip::infer),
        Entry::at("/v2/models/{model}/versions/{version}").get(oip::metadata),
        Entry::at("/v2/models/{model}/versions/{version}/ready").get(oip::ready),
        Entry::at("/v2/models/{model}/versions/{version}/infer").post(oip::infer),
    ]
}

fn open() -> Vec<Entry> {
    vec![
        Entry::at("/healthz").get(status::healthz),
        Entry::at("/metrics").get(measure::metrics),
        Entry::at("/frame").get(pages::frame),
    ]
}
