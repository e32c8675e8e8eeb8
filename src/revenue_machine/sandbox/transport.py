"""The seam: an HTTP transport that answers from the fakes, so clients cannot tell the worlds apart."""

from __future__ import annotations

import httpx2

from revenue_machine.kit.fakeserver import FakeRequest
from revenue_machine.sandbox.vendors import DroppedAnswer, Outside, RefusedConnection, strip_root


class SandboxTransport(httpx2.BaseTransport):
    """Routes a request to the fake that owns the host; an unknown host refuses the connection."""

    def __init__(self, outside: Outside) -> None:
        self._outside = outside

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The fake's answer, or the transport error a fault stands for."""
        service = self._outside.service_at(request.url.host)
        if service is None:
            raise httpx2.ConnectError(f"the sandbox has no host {request.url.host}", request=request)
        asked = FakeRequest(
            method=request.method,
            path=strip_root(self._outside.vendors[service].manifest, request.url.path),
            query=tuple(request.url.params.multi_items()),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.read(),
        )
        try:
            answer = self._outside.ask(service, asked)
        except RefusedConnection:
            raise httpx2.ConnectError("connection refused", request=request) from None
        except DroppedAnswer:
            raise httpx2.ReadTimeout("the answer never came", request=request) from None
        return httpx2.Response(answer.status, headers=dict(answer.headers), content=answer.body, request=request)
