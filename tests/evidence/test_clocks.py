"""Times of day are found as people say them, open where nobody told the half of the day."""

import pytest

from highroad.domain.evidence import EvidenceKind, Source, ValueKind
from highroad.evidence.index import Index

FOUND = [
    ("time", "03:00", "at 3"),
    ("time", "15:00", "at 3"),
    ("time", "15:00", "at three, please"),
    ("time", "15:30", "half past three"),
    ("time", "03:30", "half past three"),
    ("time", "15:30", "Any time until half past three in the afternoon."),
    ("time", "16:45", "quarter to 5 pm"),
    ("time", "09:10", "ten past nine in the morning"),
    ("time", "00:00", "until midnight"),
    ("time", "14:00", "14h00"),
    ("time", "12:00", "at 12"),
    ("time", "14:30", "at 2:30"),
    ("time", "02:30", "at 2:30"),
    ("time", "08:30", "at 8.30 a.m."),
    ("time", "17:00", "by 5 o'clock at the latest"),
    ("time", "09:00", "tomorrow morning at 9"),
    ("time", "19:00", "seven in the evening"),
    ("time", "11:00", "come between 11 and 12:30"),
    ("time", "12:30", "come between 11 and 12:30"),
    ("time", "16:00", "between 2 and 4 pm on March 4th"),
    ("time", "09:15", "between quarter past nine and quarter to eleven in the morning"),
    ("time", "17:00", "I work from 10 to 5"),
    ("time", "14:00", "2024-05-06T14:00:00-05:00"),
    ("time", "14:00", "2024-05-06 14:00-15:00"),
    ("time", "15:00", "2024-05-06 14:00-15:00"),
    ("time", "15:00", "2024-05-06T14:00-15:00"),
    ("time", "14:30", "2024-05-06 2:30 pm"),
    ("moment", "2024-05-06T14:00", "2024-05-06 14:00-15:00"),
    ("moment", "2024-05-06T09:00", "2024-05-06 09:00 -05:00"),
    ("moment", "2024-05-06T09:00-05:00", "2024-05-06 09:00:00 -05:00"),
    ("moment", "2024-05-06T09:00-05:00", "2024-05-06T09:00-05:00"),
    ("moment", "2024-05-06T09:00-05:00", "2024-05-06 09:00 -0500"),
    ("moment", "2024-05-06T09:00-05:00", "2024-05-06 at 09:00 (-05:00)"),
    ("moment", "2024-05-06T09:00-05:00", "2024-05-06 at 09:00, UTC-05:00"),
    ("moment", "2024-05-06T09:00+05:30", "2024-05-06 09:00 +05:30"),
    ("moment", "2024-05-06T16:00", "this is 2024, see you on May 6th at 4 pm"),
]

NOT_FOUND = [
    ("time", "15:00", "at 3 am"),
    ("time", "03:00", "at 3 in the afternoon"),
    ("time", "03:00", "afternoon at 3"),
    ("time", "03:30", "half past three in the afternoon"),
    ("time", "15:00", "half past three"),
    ("time", "04:45", "quarter to 5 pm"),
    ("time", "17:15", "quarter to five"),
    ("time", "23:30", "at 11:30"),
    ("time", "15:00", "at 03:00"),
    ("time", "00:00", "at 12"),
    ("time", "23:00", "between 11 and 12:30"),
    ("time", "02:00", "between 2 and 4 pm"),
    ("time", "21:15", "between quarter past nine and quarter to eleven in the morning"),
    ("time", "03:00", "3 parcels"),
    ("time", "03:00", "at 3 stores"),
    ("time", "05:00", "by 5 percent"),
    ("time", "04:00", "room 3 and 4"),
    ("time", "02:30", "2024-05-06 2:30 pm"),
    ("time", "05:00", "2024-05-06T14:00:00-05:00"),
    ("moment", "2024-05-06T14:00-15:00", "2024-05-06 14:00-15:00"),
    ("moment", "2024-05-06T14:00-05:00", "2024-05-06 14:00-05:00"),
    ("moment", "2024-05-06T09:00-05:00", "2024-05-06 09:00 -05:00"),
    ("moment", "2024-05-06T16:00-05:00", "2024-05-06 at 16:00, open 09:00 -05:00"),
    ("moment", "2024-05-06T16:00+15:00", "2024-05-06 at 16:00 +15:00"),
]


def has(kind, value, text):
    index = Index()
    index.add_text(Source("said", EvidenceKind.REQUEST), text)
    return bool(index.find(ValueKind(kind), value))


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("kind", "value", "text"), FOUND)
def test_a_time_is_found_as_people_say_it(kind, value, text):
    assert has(kind, value, text)


@pytest.mark.promise("P9")
@pytest.mark.parametrize(("kind", "value", "text"), NOT_FOUND)
def test_another_time_another_half_of_the_day_and_a_count_are_not_found(kind, value, text):
    assert not has(kind, value, text)


def test_the_date_and_the_time_of_two_fields_are_one_moment():
    index = Index()
    slot = {"date": "2024-05-06", "time": "16:00", "room": 3}
    index.add_value(Source("slots", EvidenceKind.RESULT), [slot])
    assert index.find(ValueKind.MOMENT, "2024-05-06T16:00:00")
    assert not index.find(ValueKind.MOMENT, "2024-05-06T03:00:00")
