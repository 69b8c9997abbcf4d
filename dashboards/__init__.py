"""Who looks: the Streamlit screens. They select from published snapshots and draw; they compute nothing."""
