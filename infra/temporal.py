"""The way to Temporal: a client that needs no server to exist yet, and what its errors mean.

Temporal holds progress, the event log holds the truth; so every caller treats an unreachable server as something to wait for.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cache

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.service import GrpcCompression, RetryConfig, RPCError, RPCStatusCode

TASK_QUEUE = "concord"
"""Where every workflow and activity of Concord is worked on; the one place that spells the name."""

RPC_TIMEOUT = timedelta(seconds=5)
"""How long one call may take, its retries included."""

_PASSING = {
    RPCStatusCode.UNAVAILABLE,
    RPCStatusCode.DEADLINE_EXCEEDED,
    RPCStatusCode.CANCELLED,
    RPCStatusCode.RESOURCE_EXHAUSTED,
    RPCStatusCode.ABORTED,
    RPCStatusCode.INTERNAL,
    RPCStatusCode.UNKNOWN,
}


class TemporalUnavailable(Exception):  # noqa: N818  names the state, as StoreUnavailable does
    """Temporal could not be reached, or not in time. What was asked may or may not have happened: ask again."""


async def connect(address: str, namespace: str, *, lazy: bool = True) -> Client:
    """A client of the server at `address` (host:port). It connects at its first call, and again after an outage.

    A worker needs one that is connected: `lazy=False`, which raises TemporalUnavailable where no server answers.
    """
    try:
        return await _connect(address, namespace, lazy=lazy)
    except RuntimeError as error:
        raise TemporalUnavailable(str(error)) from error


async def _connect(address: str, namespace: str, *, lazy: bool) -> Client:
    return await Client.connect(
        address,
        namespace=namespace,
        lazy=lazy,
        data_converter=pydantic_data_converter,
        connect_timeout=timedelta(seconds=2),
        # short, because our loops try again by themselves and say so; the client's own retries would hide an outage
        retry_config=RetryConfig(initial_interval_millis=50, max_interval_millis=500, max_elapsed_time_millis=1500, max_retries=3),
        grpc_compression=GrpcCompression.NONE,
        runtime=_runtime(),
    )


@cache
def _runtime() -> Runtime:
    """The SDK's threads, one set per process. It would write a line for each call that it repeats; our loops tell of an outage once."""
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(filter=TelemetryFilter(core_level="ERROR", other_level="ERROR"))))


def passing(error: BaseException) -> bool:
    """Whether an error of a call means that the server is away, starting or overloaded, rather than that it said no."""
    if isinstance(error, RPCError):
        return error.status in _PASSING
    # the lazy client's first connection fails as a plain RuntimeError
    return isinstance(error, TemporalUnavailable | TimeoutError) or (isinstance(error, RuntimeError) and "connect" in str(error).lower())


async def serving(client: Client) -> bool:
    """Whether the server answers now."""
    try:
        return await client.service_client.check_health(timeout=timedelta(seconds=2))
    except (RPCError, RuntimeError):
        return False
