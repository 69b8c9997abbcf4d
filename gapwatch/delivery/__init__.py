"""Delivery: messages about alerts, and the outbox that brings each of them to its receivers."""
