# Every target is one thing a person does here; `make` alone lists them.
UV := $(shell command -v uv 2>/dev/null || echo python3 -m uv)
RUN ?= $(UV) run --group lint
SHARED ?= ../shared

.DEFAULT_GOAL := help
.PHONY: help setup check fix test proof real conformance docs lock new revision demo

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install everything a contributor needs into .venv
	$(UV) sync --all-groups --no-group peers

check: ## ruff, format, mypy, import-linter, tools/lint, generated docs; one line at the end
	@$(RUN) python -m tools.check

fix: ## format, and repair what ruff can repair
	$(RUN) ruff check --fix
	$(RUN) ruff format

test: ## the whole test suite
	$(RUN) pytest

proof: ## the slow proofs: 30 days byte by byte, every kill point, both databases
	@mkdir -p .proof && rm -f .proof/*.txt
	$(RUN) pytest -m proof && cat .proof/*.txt

real: ## a day on the real data sets in SHARED, when they are there
	REVENUE_SHARED=$(abspath $(SHARED)) $(RUN) pytest -m real

conformance: ## clients and fakes against the published contracts and fixtures in SHARED
	REVENUE_SHARED=$(abspath $(SHARED)) $(RUN) pytest -m conformance

docs: ## write docs/topics.md, schema.md, integrations.md, settings.md, errors.md and .env.example
	$(RUN) python -m tools.docs

lock: ## pin every version into pyproject.toml, hashes into requirements*.lock (UPGRADE=1 takes newer ones)
	$(RUN) python -m tools.lock $(if $(UPGRADE),--upgrade)

new: ## scaffold with a failing test: make new KIND=topic NAME=crm.find [DOMAIN=crm] (domain topic table adapter webhook page section)
	$(RUN) python -m tools.new $(KIND) $(NAME) $(if $(DOMAIN),--domain $(DOMAIN)) $(if $(EFFECT),--effect $(EFFECT))

revision: ## write the migration of what the tables declare newly: make revision NAME="store reviews"
	$(RUN) python -m tools.revision "$(NAME)"

demo: ## one day of the whole machine in the sandbox
	$(RUN) revenue demo
