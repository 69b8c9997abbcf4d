"""Churn risk: fitting a model, replaying history for model and rules, and the measures both are judged by.

Scoring is SQL (``dbt_project/models/marts/risk``); nothing here is needed to build the marts.
"""
