"""What Prometheus may know."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest

__all__ = ["Measures"]


class Measures:
    """Counters and clocks of one service."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self.samples = Counter("reverie_samples", "Samples learned or asked about.", ["what"], registry=registry)
        self.seconds = Histogram("reverie_request_seconds", "Time of requests.", ["what"], registry=registry)
        self.answers = Counter("reverie_answers", "Answers by status.", ["status"], registry=registry)
        self.version = Gauge("reverie_version", "Changes the brain has been through.", registry=registry)
        self.classes = Gauge("reverie_classes", "Classes the brain knows.", registry=registry)
        self.state = Gauge("reverie_state_bytes", "Bytes of the brain's state.", registry=registry)
        self.asleep = Gauge("reverie_asleep", "Whether the brain sleeps.", registry=registry)
        self.novelty = Histogram(
            "reverie_novelty",
            "Novelty of what came in.",
            buckets=[index / 10 for index in range(1, 11)],
            registry=registry,
        )

    def answered(self, status: int) -> None:
        """Count an answer."""
        self.answers.labels(str(status)).inc()

    def text(self) -> bytes:
        """In OpenMetrics' form."""
        return bytes(generate_latest(self._registry))  # type: ignore[no-untyped-call]
