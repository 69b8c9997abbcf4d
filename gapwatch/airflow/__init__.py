"""What the files in ``dags/`` share: defaults, task bodies, the failure callback, and a local start.

Callbacks must live in an installed module, since workers do not import the DAG file for them. Nothing
else in the library imports Airflow, and nothing here is imported by the library.
"""
