"""Measuring operators on devices: nets for single operators, device runners, campaigns."""
