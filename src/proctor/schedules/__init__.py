"""Random chaos: schedules are drawn, performed on a fleet, judged by its history, made small, and replayed."""
