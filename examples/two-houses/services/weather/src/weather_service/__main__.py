"""`python -m weather_service`: take part in one co-simulation."""

from weather_service.service import WeatherService

if __name__ == "__main__":
    service = WeatherService()
    service.start_simulation()
    service.stop_simulation()
