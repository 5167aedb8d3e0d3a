"""`python -m household_connection_service`: take part in one co-simulation."""

from household_connection_service.service import HouseholdConnectionService

if __name__ == "__main__":
    service = HouseholdConnectionService()
    service.start_simulation()
    service.stop_simulation()
