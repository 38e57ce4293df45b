"""A small card that the tests spoil."""

CARD = """\
card: physics.fall
version: 1.0.0
title: The way of a falling stone
status: confirmed
valid_from: 1638-01-01
source: {title: "G. Galilei 1638, Discorsi", reference: "third day"}
inputs:
  time: {unit: s, range: [0, 100]}
constants:
  g: {value: 9.81, unit: m/s^2, sd: 0.1}
outputs:
  way: {unit: m, range: [0, 50000]}
body:
  kind: expression
  equations:
    way: g * time^2 / 2
calibrate: [g]
examples:
  - {given: {time: 2}, expect: {way: 19.62}, source: by hand}
"""
