"""The sample company's ``gapwatch.yml``: what a user would write for files like these."""

from __future__ import annotations

from gapwatch.simulate.dimensions import MEASURES, ServiceDimensions
from gapwatch.simulate.files import EXPORTS

_HEAD = """\
# Written by `gapwatch simulate`: the sample company. Everything here is invented.
version: 1
name: Sample company
roots: [inbox]
# The company's time stands still: alerts are raised however old its newest day is. Nobody is sent any.
alerts: {newest_within_days: 100000, budget: 8}
sources:
"""

#: Source -> lines below its name, reader and path; ``{zone}``-like parts come from the export.
_SOURCES: dict[str, str] = {
    "crm_accounts": """\
    contract: accounts
    system: crm
    options: {separator: ";", decimal: ",", timestamp_format: "%d.%m.%Y %H:%M", date_format: "%d.%m.%Y"}
    columns:
      account_id: '"Account ID"'
      account_name: '"Account name"'
      parent_account_id: '"Parent ID"'
      tier: 'upper(trim("Tier"))'
      industry: '"Industry"'
      region: '"Region"'
      annual_value: '"Annual value"'
      currency: '"Currency"'
      contract_started_on: '"Client since"'
      contract_ends_on: '"Contract ends"'
      notice_given_on: '"Notice given"'
      churned_on: '"Ended"'
      churn_reason: '"Reason"'
      account_manager: '"Account manager"'
      solution_manager: '"Solution manager"'
      delivery_manager: '"Delivery manager"'
      updated_at: '"Changed"'
""",
    "crm_contacts": """\
    contract: contacts
    system: crm
    delivers: full
    as_of: {file_pattern: 'contacts-(\\d{4}-\\d{2}-\\d{2})', format: "%Y-%m-%d"}
    options: {separator: ";", timestamp_format: "%d.%m.%Y %H:%M", date_format: "%d.%m.%Y"}
    columns:
      contact_id: '"Contact ID"'
      account_id: '"Account ID"'
      display_name: '"Name"'
      email: '"E-mail"'
      job_title: '"Title"'
      department: '"Department"'
      relationship: >-
        case "Role" when 'Key contact' then 'key' when 'Contact' then 'general'
        when 'Organization' then 'organizational' else "Role" end
      is_decision_maker: >-
        case "Decides" when 'Ja' then 'true' when 'Nein' then 'false' else "Decides" end
      valid_from: '"From"'
      valid_to: '"To"'
      updated_at: '"Changed"'
""",
    "crm_identities": """\
    contract: identities
    system: crm
    delivers: full
    as_of: {column: Exported}
    options: {separator: ";", timestamp_format: "%d.%m.%Y %H:%M", date_format: "%d.%m.%Y"}
    columns:
      source: '"System"'
      kind: '"Kind"'
      external_id: '"Foreign ID"'
      internal_id: '"CRM ID"'
      updated_at: '"Changed"'
""",
    "crm_activities": """\
    contract: interactions
    system: crm
    options: {separator: ";", timestamp_format: "%d.%m.%Y %H:%M", date_format: "%d.%m.%Y"}
    columns:
      interaction_id: '"Activity"'
      account_id: '"Account"'
      contact_id: '"Contact"'
      occurred_at: '"When"'
      kind: >-
        case "What" when 'On-site visit' then 'visit' when 'Service review' then 'review'
        else replace(lower("What"), ' ', '_') end
      by_role: '"Who"'
      updated_at: '"Logged"'
""",
    "survey_codebook": """\
    contract: survey_questions
    system: survey
    options: {separator: "\\t"}
    columns:
      survey_id: '"Survey"'
      survey_kind: '"Kind"'
      question_id: '"Question"'
      measure: '"Measure"'
      service_dimension: '"Dimension"'
      item_id: '"Item"'
      scale_min: '"Low"'
      scale_max: '"High"'
      is_reverse_scored: case "Reversed" when 'yes' then 'true' when 'no' then 'false' else "Reversed" end
      question_text: '"Text"'
      updated_at: '"Changed"'
""",
    "survey_invitations": """\
    contract: survey_invitations
    system: survey
    ids: mapped
    columns:
      invitation_id: '"Invitation"'
      survey_id: '"Survey"'
      account_id: '"Company"'
      contact_id: '"Respondent"'
      sent_at: '"Sent"'
      channel: '"Channel"'
      bounced_at: '"Bounced"'
      updated_at: '"Changed"'
""",
    "survey_relationship": """\
    contract: survey_answers
    late_after_days: 100  # a wave a quarter
    system: survey
    ids: mapped
    columns:
      response_id: '"Response ID"'
      survey_id: '"Survey"'
      account_id: '"Company"'
      contact_id: '"Respondent"'
      submitted_at: '"Submitted"'
      is_complete: case "Complete" when 'yes' then 'true' when 'no' then 'false' else "Complete" end
      updated_at: '"Changed"'
    text_questions: [comment]
    questions:
{questions}""",
    "survey_ratings": """\
    contract: survey_answers
    system: survey
    ids: mapped
    options: {separator: ";"}
    columns:
      response_id: '"Response"'
      survey_id: '"Survey"'
      question_id: '"Question"'
      account_id: '"Company"'
      contact_id: '"Respondent"'
      submitted_at: '"Submitted"'
      answer_value: case when "Question" <> 'why' then "Answer" end
      answer_text: case when "Question" = 'why' then "Answer" end
      updated_at: '"Submitted"'
""",
    "desk_tickets": """\
    contract: tickets
    system: desk
    calendar: office
    ids: mapped
    columns:
      ticket_id: id
      account_id: '"organization.id"'
      contact_id: '"requester.id"'
      opened_at: created_at
      first_response_at: first_response_at
      first_response_due_at: '"sla.first_response_due"'
      resolved_at: solved_at
      resolution_due_at: '"sla.resolution_due"'
      closed_at: closed_at
      status: >-
        case status when 'new' then 'open' when 'hold' then 'on_hold' when 'solved' then 'resolved'
        else status end
      priority: >-
        case priority when 'P1' then 'high' when 'P2' then 'normal' when 'P3' then 'low'
        else priority end
      category: category
      reopen_count: '"counts.reopens"'
      reassignment_count: '"counts.handovers"'
      escalated_at: '"escalation.at"'
      expert_assigned_at: '"escalation.expert_at"'
      is_sla_met: '"sla.within_target"'
      csat_score: '"rating.score"'
      csat_scale_min: case when "rating.score" is not null then '0' end
      csat_scale_max: case when "rating.score" is not null then '1' end
      csat_offered_at: '"rating.offered_at"'
      subject: subject
      updated_at: updated_at
""",
    "desk_events": """\
    contract: ticket_events
    system: desk
    calendar: office
    columns:
      event_id: event_id
      ticket_id: ticket
      occurred_at: '"at"'
      event: '"event"'
      actor_group: '"group"'
""",
    "project_deliveries": """\
    contract: deliveries
    system: projects
    tie_break: '"Project"'
    options: {separator: ";", timestamp_format: "%d/%m/%Y %H:%M", date_format: "%d/%m/%Y"}
    columns:
      delivery_id: '"Delivery"'
      account_id: '"Client"'
      contact_id: '"Receiver"'
      project: '"Project"'
      kind: '"Kind"'
      ordered_at: '"Ordered"'
      delivered_at: '"Delivered"'
      accepted_at: '"Accepted"'
      acceptance_result: '"Result"'
      rework_count: '"Rework"'
      cancelled_at: '"Cancelled"'
      cancelled_by: '"Cancelled by"'
      updated_at: '"Last change"'
""",
    "project_promises": """\
    contract: delivery_promises
    system: projects
    options: {separator: ";", timestamp_format: "%d/%m/%Y %H:%M", date_format: "%d/%m/%Y"}
    columns:
      delivery_id: '"Delivery"'
      promise_seq: '"No"'
      promised_at: '"Promised"'
      due_on: '"Due on"'
      due_at: '"Due at"'
      requested_by: '"Asked by"'
      promised_by_role: '"Promised by"'
      reason: '"Reason"'
      updated_at: '"Entered"'
""",
}


def workspace_yaml(dimensions: ServiceDimensions) -> str:
    """The text of ``gapwatch.yml``."""
    questions = "".join(
        f"      {item.column(measure)}: {item.question(measure)}\n"
        for measure in MEASURES
        for item in dimensions.items
        if measure != "minimum" or item.position == 0
    )
    questions += "".join(
        f"      {dimensions.importance_column(place)}: {name}_importance\n"
        for place, name in enumerate(dimensions.names)
    )
    questions += "      Overall: overall\n      NPS: nps\n      Compared: compared\n      Comment: comment\n"
    parts = [_HEAD]
    for name, body in _SOURCES.items():
        export = EXPORTS[name]
        encoding = "" if export.encoding == "utf-8" else f"    encoding: {export.encoding}\n"
        parts.append(
            f"  - name: {name}\n"
            f"    reader: {'jsonl' if export.is_json else 'csv'}\n"
            f"    path: inbox/{export.glob()}\n"
            f"{encoding}"
            f"    time_zone: {export.zone}\n"
            f"{body.replace('{questions}', questions)}"
        )
    return "".join(parts)
