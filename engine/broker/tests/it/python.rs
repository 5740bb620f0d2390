//! confluent-kafka for Python, with its newer librdkafka (and with zstd).

use std::process::Command;

use crate::harness::{TestBroker, installed};

const SCRIPT: &str = r#"
import sys
from confluent_kafka import Producer, Consumer, TopicPartition

servers = {"bootstrap.servers": sys.argv[1]}

def produce(values, **config):
    producer = Producer({**servers, **config})
    failed = []
    for value in values:
        producer.produce("t", value, key=value, on_delivery=lambda e, m: e and failed.append(e))
    assert producer.flush(30) == 0 and not failed, failed

def consume(count):
    consumer = Consumer({**servers, "group.id": "g", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False})
    consumer.subscribe(["t"])
    values = []
    for _ in range(300):
        message = consumer.poll(0.1)
        if message is not None:
            assert message.error() is None, message.error()
            values.append(message.value().decode())
        if len(values) == count:
            break
    consumer.commit(asynchronous=False)
    consumer.close()
    return values

produce(["a", "b"], **{"enable.idempotence": True, "compression.type": "zstd"})
assert consume(2) == ["a", "b"]
produce(["c"], **{"acks": 0})
assert consume(1) == ["c"]
low, high = Consumer({**servers, "group.id": "g"}).get_watermark_offsets(TopicPartition("t", 0))
assert (low, high) == (0, 3), (low, high)
print("good")
"#;

#[test]
fn confluent_kafka_produces_consumes_and_resumes() {
    let probe = ["-c", "import confluent_kafka"];
    let Some(python) = installed("python3", &probe) else { return };
    let broker = TestBroker::start();
    let run = Command::new(python)
        .args(["-c", SCRIPT, &broker.address.to_string()])
        .output()
        .expect("python starts");
    let talk = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && run.stdout.starts_with(b"good"), "{talk}");
    assert_eq!(broker.values("t"), ["a", "b", "c"]);
}
