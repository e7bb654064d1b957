"""The API fuzzed from its own description: never a 5xx of trouble, never a status or form it doesn't mention."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from central.domain.people import Role
from central.store.base import open_engine
from central.store.migrate import upgrade_schema
from tests.integration.central.centre import AnsweringRoom, load_room, open_centre
from tests.integration.central.room_files import room_file

EXAMPLES = 8
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_request_from_our_description_surprises_us(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/fuzz.db", pool_size=16)
    upgrade_schema(engine)
    with open_centre(engine) as centre:
        load_room(centre.tx, room_file())
        centre.answer_commands(AnsweringRoom("prompted"))
        clients = [centre.client(), centre.client(Role.ARCHIVIST), centre.client(Role.ADMIN)]
        schema = schemathesis.openapi.from_asgi("/openapi.json", centre.app)
        operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
        assert len(operations) > 15
        for operation in operations:
            for client in clients:
                fuzz(operation, client)
    engine.dispose()


def fuzz(operation: schemathesis.schemas.APIOperation, client: TestClient) -> None:
    """Send what the description allows, from bounded examples, and hold each answer against it."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: schemathesis.Case) -> None:
        headers = dict(client.headers)
        if case.path.endswith("/sessions/current") and case.method == "DELETE":
            headers["Authorization"] = "Bearer nobody"  # a log-out would end the run
        case.headers = {k: v for k, v in case.headers.items() if k.lower() != "authorization"}
        response = case.call(headers=headers, session=client)
        case.validate_response(response, checks=CHECKS)

    send()
