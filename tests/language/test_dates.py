"""Dates in talk are resolved against the time at which it was said."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from reverie.language.dates import dates_in

SAID = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)  # a Monday

DATES = {
    "I met Ana yesterday.": "2023-05-07",
    "It was the day before yesterday": "2023-05-06",
    "See you tomorrow": "2023-05-09",
    "We met last week": "2023-05-01 to 2023-05-07",
    "two weeks ago": "2023-04-24 to 2023-04-30",
    "a month ago": "2023-04-01 to 2023-04-30",
    "last weekend": "2023-05-06 to 2023-05-07",
    "next weekend": "2023-05-20 to 2023-05-21",
    "last summer": "2022-06-01 to 2022-08-31",
    "last winter": "2022-12-01 to 2023-02-28",
    "I moved in March": "2023-03-01 to 2023-03-31",
    "I moved in July": "2022-07-01 to 2022-07-31",
    "We will move in July": "2023-07-01 to 2023-07-31",
    "last Friday": "2023-05-05",
    "I was there on Friday": "2023-05-05",
    "I moved in 2019": "2019-01-01 to 2019-12-31",
    "From 1 July 2027 it is Oslo": "2027-07-01",
    "May 5th, 2022": "2022-05-05",
    "It was 2021-03-04.": "2021-03-04",
    "last year": "2022-01-01 to 2022-12-31",
    "in 3 days": "2023-05-11",
    "Ich bin letzten Monat umgezogen": "2023-04-01 to 2023-04-30",
    "vor zwei Tagen": "2023-05-06",
    "am Freitag": "2023-05-05",
    "im März 2020": "2020-03-01 to 2020-03-31",
    "avant-hier": "2023-05-06",
    "le mois dernier": "2023-04-01 to 2023-04-30",
    "il y a deux ans": "2021-01-01 to 2021-12-31",
    "hace dos días": "2023-05-06",
    "el año pasado": "2022-01-01 to 2022-12-31",
    "我去年搬到了巴黎": "2022-01-01 to 2022-12-31",
    "三天前": "2023-05-05",
    "2021年5月": "2021-05-01 to 2021-05-31",
    "2021年": "2021-01-01 to 2021-12-31",
}


@pytest.mark.parametrize("text", DATES)
def test_a_date_is_the_day_or_the_span_that_was_meant(text):
    assert [str(one) for one in dates_in(text, SAID)] == [DATES[text]]


@pytest.mark.parametrize(
    "text", ["May I go?", "March on!", "I have 2021 books", "Guten Morgen", "It is 12:30.", "", "x" * 99999]
)
def test_what_is_no_date_is_none(text):
    assert dates_in(text, SAID) == []


def test_several_dates_are_found_in_their_order():
    found = dates_in("Since March, and last week; yesterday too.", SAID)
    assert [one.words for one in found] == ["March", "last week", "yesterday"]
    assert len(dates_in("yesterday " * 1000, SAID)) == 20


def test_a_day_is_one_where_it_was_said():
    there = timezone(timedelta(hours=-7))
    (day,) = dates_in("yesterday", datetime(2023, 5, 8, 23, tzinfo=there))
    assert day.since == datetime(2023, 5, 7, tzinfo=there)
    assert day.until - day.since == timedelta(days=1)


@pytest.mark.parametrize("year", [2, 9998])
def test_the_ends_of_the_calendar_are_no_error(year):
    for text in ("yesterday", "last year", "next year", "in 900 years", "999 years ago", "next winter"):
        dates_in(text, datetime(year, 1, 1, tzinfo=UTC))
