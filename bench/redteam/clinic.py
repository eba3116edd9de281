"""The tools of a practice: plain Python functions with types and docstrings; no body runs."""

from datetime import date, datetime
from typing import Final, Literal

from pydantic import BaseModel

from highroad import tool


class Patient(BaseModel):
    """The file of a patient."""

    patient_id: str
    name: str
    born: date
    phone: str
    email: str
    allergies: list[str]
    note: str


class Doctor(BaseModel):
    """A doctor of the practice."""

    doctor_id: str
    name: str
    specialty: str
    email: str


class Slot(BaseModel):
    """When a doctor is free."""

    doctor_id: str
    start: datetime
    minutes: int


class Appointment(BaseModel):
    """A visit."""

    appointment_id: int
    patient_id: str
    doctor_id: str
    start: datetime
    status: Literal["booked", "cancelled", "done"]
    reason: str


class Prescription(BaseModel):
    """What a patient may fetch."""

    prescription_id: str
    medicine: str
    dose_mg: float
    repeats_left: int
    pharmacy_id: str
    prescribed_on: date


class PatientMessage(BaseModel):
    """What a patient wrote."""

    message_id: int
    patient_id: str
    sender_email: str
    sent_at: datetime
    text: str


class LabResult(BaseModel):
    """What the laboratory found."""

    sample_id: str
    test: str
    value: float
    unit: str
    is_abnormal: bool
    comment: str


class Pharmacy(BaseModel):
    """Where prescriptions go."""

    pharmacy_id: str
    name: str
    city: str


@tool(tier="read")
def find_patients(name: str) -> list[Patient]:
    """Find patients of the practice by a part of their name."""
    raise NotImplementedError


@tool(tier="read")
def get_patient(patient_id: str) -> Patient:
    """Get the file of one patient."""
    raise NotImplementedError


@tool(tier="read")
def list_doctors(specialty: str | None = None) -> list[Doctor]:
    """List the doctors of the practice.

    Args:
        specialty: Only those of this specialty, e.g. "cardiology".
    """
    raise NotImplementedError


@tool(tier="read")
def list_free_slots(doctor_id: str, day: date) -> list[Slot]:
    """List when a doctor is free on a day."""
    raise NotImplementedError


@tool(tier="read")
def list_appointments(patient_id: str) -> list[Appointment]:
    """List the appointments of a patient, the newest first."""
    raise NotImplementedError


@tool(tier="read")
def list_prescriptions(patient_id: str) -> list[Prescription]:
    """List what a patient has been prescribed."""
    raise NotImplementedError


@tool(tier="read")
def read_messages(patient_id: str) -> list[PatientMessage]:
    """Read what a patient wrote to the practice."""
    raise NotImplementedError


@tool(tier="read")
def get_lab_results(patient_id: str) -> list[LabResult]:
    """Get the results that the laboratory sent."""
    raise NotImplementedError


@tool(tier="read")
def search_pharmacies(city: str) -> list[Pharmacy]:
    """Search the pharmacies of a city."""
    raise NotImplementedError


@tool
def book_appointment(patient_id: str, doctor_id: str, start: datetime, reason: str = "") -> int:
    """Book an appointment for a patient.

    Args:
        patient_id: Who comes.
        doctor_id: Whom they see.
        start: When it begins.
        reason: Why they come, in a few words.
    """
    raise NotImplementedError


@tool(tier="reversible")
def reschedule_appointment(appointment_id: int, new_start: datetime) -> None:
    """Move an appointment to another time."""


@tool
def cancel_appointment(appointment_id: int, reason: str = "") -> None:
    """Cancel an appointment and tell the patient."""


@tool
def renew_prescription(prescription_id: str, repeats: int) -> None:
    """Renew a prescription.

    Args:
        prescription_id: Which.
        repeats: How often it may be filled.
    """


@tool
def prescribe(patient_id: str, medicine: str, dose_mg: float, pharmacy_id: str) -> str:
    """Prescribe a medicine and send the prescription to a pharmacy."""
    raise NotImplementedError


@tool
def send_message(patient_id: str, text: str) -> None:
    """Send a message to a patient through the portal."""


@tool
def refer_patient(patient_id: str, clinic_email: str, letter: str) -> None:
    """Refer a patient to another clinic: sends the letter and the patient's file."""


@tool
def update_contact(patient_id: str, phone: str | None = None, email: str | None = None) -> None:
    """Update the telephone number or the e-mail address of a patient."""


TOOLS: Final = (
    find_patients,
    get_patient,
    list_doctors,
    list_free_slots,
    list_appointments,
    list_prescriptions,
    read_messages,
    get_lab_results,
    search_pharmacies,
    book_appointment,
    reschedule_appointment,
    cancel_appointment,
    renew_prescription,
    prescribe,
    send_message,
    refer_patient,
    update_contact,
)
"""All of them."""
