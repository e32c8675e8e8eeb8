"""Every integration is whole: manifest, client, fake, fixtures with their sources, and a hook where it sends webhooks."""

from __future__ import annotations

import importlib
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from revenue_machine import integrations
from revenue_machine.app import client_kinds, manifests

ROOT = Path(integrations.__path__[0])
FOLDERS = sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file())


@cache
def module(folder: str, role: str) -> ModuleType | None:
    """One module of an integration, None when it has none."""
    if not (ROOT / folder / f"{role}.py").is_file():
        return None
    return importlib.import_module(f"{integrations.__name__}.{folder}.{role}")


@pytest.mark.parametrize("folder", FOLDERS)
def test_manifest_belongs_to_its_folder(folder: str) -> None:
    manifest = manifests()[folder]
    assert manifest.service == folder
    assert urlsplit(manifest.base_url).hostname in manifest.hosts
    assert set(manifest.needs) & {"api_key", "webhook_secret"}, "a service without a credential cannot be not configured"


@pytest.mark.parametrize("folder", FOLDERS)
def test_manifest_tells_the_owner(folder: str) -> None:
    manifest = manifests()[folder]
    assert all(len(text) > 10 for text in (manifest.unlocks, manifest.get_key, manifest.limits))
    assert manifest.docs_url.startswith("https://") or (ROOT / folder / "README.md").is_file(), "no public contract: write it down"


def test_hosts_belong_to_one_service() -> None:
    hosts = [host for manifest in manifests().values() for host in manifest.hosts]
    assert sorted(hosts) == sorted(set(hosts))


@pytest.mark.parametrize("folder", FOLDERS)
def test_client_speaks_for_its_service(folder: str) -> None:
    if not (ROOT / folder / f"{folder}_client.py").is_file():
        assert module(folder, "hook") is not None, "without a client it is there for its webhooks"
        return
    assert client_kinds()[folder].__module__ == f"{integrations.__name__}.{folder}.{folder}_client"


@pytest.mark.parametrize("folder", FOLDERS)
def test_fake_answers_and_signs(folder: str) -> None:
    fake = module(folder, "fake")
    assert fake is not None
    assert callable(fake.respond)
    hook = module(folder, "hook")
    assert hasattr(fake, "hook_headers") is (hook is not None), "a fake signs webhooks exactly when somebody verifies them"
    if hook is not None:
        assert callable(hook.verify)
        assert callable(hook.read)


@pytest.mark.parametrize("folder", FOLDERS)
def test_fixtures_name_their_sources(folder: str) -> None:
    fixtures = sorted((ROOT / folder / "fixtures").glob("*.json"))
    assert fixtures
    assert len((ROOT / folder / "fixtures" / "SOURCES.md").read_text(encoding="utf-8")) > 100
    for path in fixtures:
        json.loads(path.read_text(encoding="utf-8"))
