"""`revenue web` serves dashboard, API and short links from one address; seen without a browser."""

from __future__ import annotations

import httpx2

from tests.browser.conftest import Desk


def test_one_address_serves_all(desk: Desk) -> None:
    with httpx2.Client(base_url=desk.url) as client:
        assert client.get("/").headers["location"] == "/login"
        assert client.post("/login", data={"token": desk.token}).headers["location"] == "/today"
        page = client.get("/today")
        assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
        assert "Monday, 2 November" in page.text
        assert client.get("/api/topics").status_code == 401
        assert client.get("/api/pages/today", headers={"authorization": f"Bearer {desk.token}"}).status_code == 200
        assert client.get("/nowhere").json()["error"]["code"] == "not_found"
        assert client.get("/r/nowhere").status_code == 404
        assert client.get("/healthz").json() == {"ok": True}


def test_page_names_no_other_host(desk: Desk) -> None:
    with httpx2.Client(base_url=desk.url) as client:
        client.post("/login", data={"token": desk.token})
        for path in ("/login", "/today", "/inbox"):
            text = client.get(path).text
            assert not [part[:60] for part in text.split('"') if part.startswith(("http://", "https://", "//"))]
