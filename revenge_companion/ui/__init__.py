"""Qt: shows core values, calls engine objects."""
