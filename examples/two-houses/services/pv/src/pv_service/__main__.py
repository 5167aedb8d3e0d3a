"""`python -m pv_service`: take part in one co-simulation."""

from pv_service.service import PvService

if __name__ == "__main__":
    service = PvService()
    service.start_simulation()
    service.stop_simulation()
