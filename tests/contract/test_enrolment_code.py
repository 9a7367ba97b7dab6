"""The code a person carries from the server to the gateway."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.enrolment import EnrolmentCode, NotAnEnrolmentCodeError, parse_enrolment_code

codes = st.builds(
    EnrolmentCode, secret=st.binary(min_size=16, max_size=16), tls_fingerprint=st.binary(min_size=32, max_size=32)
)


@given(codes)
def test_a_code_survives_being_typed(code: EnrolmentCode) -> None:
    assert parse_enrolment_code(f"  {str(code).lower()}\n") == code


@given(codes, st.integers(1, 40))
def test_a_cut_code_is_refused(code: EnrolmentCode, cut: int) -> None:
    with pytest.raises(NotAnEnrolmentCodeError):
        parse_enrolment_code(str(code)[:-cut])


@pytest.mark.parametrize("text", ["", "TL1", "TL2-AAAA-BBBB", "TL1-????-????", "TL1--", "a-b-c-d"])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(NotAnEnrolmentCodeError):
        parse_enrolment_code(text)
