//! The least that a plan can ask of a cluster: all topics, and all configs of them (without their
//! synonyms, unless that is measured), through a codec on plain sockets. No files, no comparison, no
//! inventory, no retries.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::{
    DescribeConfigsRequest, MetadataRequest, RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{
    Decodable, HeaderVersion, Request, StrBytes, encode_request_header_into_buffer,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Kafka's number for topics among config resources.
const TOPIC: i8 = 2;

const METADATA: i16 = 12;
const DESCRIBE_CONFIGS: i16 = 4;

/// How the configs are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Topics in a request.
    pub batch: usize,
    /// Connections to each broker.
    pub connections: usize,
    /// Requests under way on each connection.
    pub in_flight: usize,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            batch,
            connections,
            in_flight,
        } = self;
        write!(
            f,
            "{batch} topics a request, {connections} connections a broker, {in_flight} in flight"
        )
    }
}

/// Whether the configs are asked for with what stands behind them, as librdkafka always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synonyms {
    Left,
    Asked,
}

/// What is tried to find the best one.
fn shapes() -> impl Iterator<Item = Shape> {
    let batches = [64, 125, 250, 500, 1_000].into_iter();
    batches.flat_map(|batch| {
        [(1, 2), (2, 1), (2, 2), (4, 1), (4, 2)].map(|(connections, in_flight)| Shape {
            batch,
            connections,
            in_flight,
        })
    })
}

/// The shape that is quickest here: the best of three runs each.
///
/// # Errors
/// The broker does not answer.
pub async fn best(servers: &str) -> Result<Shape> {
    let mut best: Option<(Duration, Shape)> = None;
    for shape in shapes() {
        for _ in 0..3 {
            let start = Instant::now();
            read(servers, shape, Synonyms::Left).await?;
            let took = start.elapsed();
            if best.is_none_or(|(time, _)| took < time) {
                best = Some((took, shape));
            }
        }
    }
    match best {
        Some((_, shape)) => Ok(shape),
        None => bail!("nothing was tried"),
    }
}

/// Reads all topics and all their configs; returns how many topics and how many configs.
///
/// # Errors
/// A broker does not answer, or refuses.
pub async fn read(servers: &str, shape: Shape, synonyms: Synonyms) -> Result<(usize, usize)> {
    let first = servers.split(',').next().unwrap_or(servers);
    let mut connection = Connection::to(first).await?;
    let mut request = MetadataRequest::default();
    request.topics = None;
    request.allow_auto_topic_creation = false;
    let [metadata] = &connection.pipeline(vec![request], METADATA, 1).await?[..] else {
        bail!("one request has one answer");
    };
    let brokers = metadata.brokers.iter();
    let brokers: Vec<String> = brokers
        .map(|broker| format!("{}:{}", broker.host, broker.port))
        .collect();
    let names = metadata.topics.iter();
    let names: Vec<StrBytes> = names
        .filter(|topic| !topic.is_internal)
        .filter_map(|topic| topic.name.as_ref().map(|name| name.0.clone()))
        .collect();
    let connections = brokers.len() * shape.connections;
    let mut shares: Vec<Vec<DescribeConfigsRequest>> = vec![Vec::new(); connections];
    for (number, batch) in names.chunks(shape.batch).enumerate() {
        shares[number % connections].push(describe(batch, synonyms));
    }
    let mut readers = JoinSet::new();
    for (number, share) in shares.into_iter().enumerate() {
        let broker = brokers[number % brokers.len()].clone();
        readers.spawn(async move {
            if share.is_empty() {
                return Ok((0, 0));
            }
            let mut connection = Connection::to(&broker).await?;
            let answers = connection.pipeline(share, DESCRIBE_CONFIGS, shape.in_flight);
            let answers = answers.await?;
            let results = answers.iter().flat_map(|answer| &answer.results);
            let (mut topics, mut configs) = (0, 0);
            for result in results {
                ensure!(result.error_code == 0, "error {}", result.error_code);
                topics += 1;
                configs += result.configs.len();
            }
            Ok((topics, configs))
        });
    }
    let mut sum = (0, 0);
    while let Some(read) = readers.join_next().await {
        let (topics, configs) = read??;
        sum = (sum.0 + topics, sum.1 + configs);
    }
    ensure!(sum.0 == names.len(), "{} of {} topics", sum.0, names.len());
    Ok(sum)
}

fn describe(names: &[StrBytes], synonyms: Synonyms) -> DescribeConfigsRequest {
    let resource = |name: &StrBytes| {
        DescribeConfigsResource::default()
            .with_resource_type(TOPIC)
            .with_resource_name(name.clone())
            .with_configuration_keys(None)
    };
    DescribeConfigsRequest::default()
        .with_resources(names.iter().map(resource).collect())
        .with_include_synonyms(synonyms == Synonyms::Asked)
}

/// A connection to one broker.
struct Connection {
    stream: TcpStream,
    last: i32,
}

impl Connection {
    async fn to(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, last: 0 })
    }

    /// Sends the requests, so many of them under way at a time; the answers come in their order.
    async fn pipeline<R: Request>(
        &mut self,
        requests: Vec<R>,
        version: i16,
        in_flight: usize,
    ) -> Result<Vec<R::Response>> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter();
        let mut sent = VecDeque::new();
        loop {
            while sent.len() < in_flight {
                let Some(request) = requests.next() else {
                    break;
                };
                sent.push_back(self.send(&request, version).await?);
            }
            let Some(id) = sent.pop_front() else {
                return Ok(answers);
            };
            let mut frame = self.frame().await?;
            let header = R::Response::header_version(version);
            let header = ResponseHeader::decode(&mut frame, header)?;
            ensure!(header.correlation_id == id, "answers come in order");
            answers.push(R::Response::decode(&mut frame, version)?);
        }
    }

    async fn send<R: Request>(&mut self, request: &R, version: i16) -> Result<i32> {
        self.last += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.last)
            .with_client_id(Some(StrBytes::from_static_str("floor")));
        let mut frame = BytesMut::with_capacity(4096);
        frame.extend_from_slice(&[0; 4]);
        encode_request_header_into_buffer(&mut frame, &header)?;
        request.encode(&mut frame, version)?;
        let length = u32::try_from(frame.len() - 4)?;
        frame[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&frame).await?;
        Ok(self.last)
    }

    async fn frame(&mut self) -> Result<Bytes> {
        let length = self.stream.read_u32().await? as usize;
        let mut frame = BytesMut::with_capacity(length);
        while frame.len() < length {
            let left = (length - frame.len()) as u64;
            let read = (&mut self.stream).take(left).read_buf(&mut frame).await?;
            ensure!(read > 0, "the broker hung up");
        }
        Ok(frame.freeze())
    }
}
