"""Phase 1: join as message federate, say how many calculations there are, receive the ESDL."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import helics as h

from . import faults
from .settings import Settings

COLLECTOR = "broker_initialization_federate/broker_endpoint_amount_of_calculations"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def federate_info(settings: Settings) -> h.HelicsFederateInfo:
    """How every federate of this model reaches the broker."""
    info = h.helicsCreateFederateInfo()
    h.helicsFederateInfoSetBroker(info, settings.broker_ip)
    h.helicsFederateInfoSetBrokerPort(info, settings.broker_port)
    h.helicsFederateInfoSetCoreType(info, h.HelicsCoreType.ZMQ)
    h.helicsFederateInfoSetIntegerProperty(
        info, h.HelicsProperty.INT_LOG_LEVEL, h.HelicsLogLevel.NO_PRINT
    )
    return info


def receive_esdl(settings: Settings) -> str:
    """Take part in phase 1; the text of the ESDL file."""
    federate = h.helicsCreateMessageFederate(settings.model_id, federate_info(settings))
    esdl = h.helicsFederateRegisterEndpoint(federate, "esdl")
    if settings.dialect == "new":
        amount = h.helicsFederateRegisterEndpoint(federate, settings.model_id)
    h.helicsFederateEnterExecutingMode(federate)
    if settings.dialect == "new":
        h.helicsFederateRequestTime(federate, 1.0)
        message = h.helicsEndpointCreateMessage(amount)
        h.helicsMessageSetString(message, str(faults.reported_calculations(settings)))
        h.helicsMessageSetDestination(message, COLLECTOR)
        h.helicsEndpointSendMessage(amount, message)
    parts = []
    while h.helicsFederateRequestTime(federate, h.HELICS_TIME_MAXTIME) != h.HELICS_TIME_MAXTIME:
        if h.helicsEndpointHasMessage(esdl):
            parts.append(h.helicsMessageGetBytes(h.helicsEndpointGetMessage(esdl)))
    faults.before_leaving_phase1(settings)
    h.helicsFederateDisconnect(federate)
    h.helicsFederateDestroy(federate)
    faults.between_phases(settings)
    return base64.b64decode(b"".join(parts) + b"==").decode("utf-8")


def objects_by_type(esdl: str) -> dict[str, list[str]]:
    """The ids of the ESDL objects of each class, in document order."""
    found: dict[str, list[str]] = {}
    for esdl_type, esdl_id in _objects(esdl):
        found.setdefault(esdl_type, []).append(esdl_id)
    return found


def _objects(esdl: str) -> Iterator[tuple[str, str]]:
    for element in ElementTree.fromstring(esdl.encode("utf-8")).iter():
        esdl_id = element.get("id")
        if esdl_id is not None:
            tag = element.tag.rsplit("}", 1)[-1]
            named = element.get(XSI_TYPE, tag[:1].upper() + tag[1:])
            yield named.rsplit(":", 1)[-1], esdl_id
