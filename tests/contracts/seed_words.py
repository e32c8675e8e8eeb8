"""What the seed says, written out a second time by hand, so that the map cannot quietly lose a word."""

from __future__ import annotations

TABLES = {
    "actp_sora_jobs": "id prompt style duration_seconds status raw_url processed_url cost_usd created_at",
    "actp_credit_usage": "id task_type model input_tokens output_tokens cost_usd run_id created_at",
    "actp_credit_budgets": "scope limit_usd alert_threshold_pct current_spend_usd reset_at",
    "actp_paywall_experiments": (
        "id product variant_id impressions conversions revenue_usd conversion_rate significance status created_at"
    ),
    "actp_attribution_events": (
        "id post_id event_type user_id crm_contact_id utm_source utm_medium utm_campaign platform content_type hook_category niche "
        "framework offer paywall_variant revenue_usd created_at"
    ),
    "actp_attribution_summary": "id dimension dimension_value clicks signups trials purchases revenue_usd cpa_usd roas updated_at",
    "actp_ad_campaigns": "id source_post_id platform campaign_id status daily_budget_usd spend_usd cpa_usd roas created_at",
    "actp_contacts": "id name platform handle email niche score status source tags first_contact_at last_interaction_at",
    "actp_interactions": "id contact_id type content platform created_at",
    "actp_outreach_queue": "id contact_id action message platform status approval_required scheduled_at sent_at",
    "actp_upwork_jobs": "id job_id title budget_usd status proposal_text contract_value_usd created_at",
    "actp_email_sequences": "id name trigger steps active created_at",
    "actp_email_sends": "id sequence_id contact_id step_number subject status sent_at opened_at clicked_at",
    "actp_product_experiments": "id project hypothesis acd_task baseline_conversion post_conversion status result created_at",
    "actp_aso_experiments": "id app experiment_type hypothesis acd_task baseline_metric post_metric metric_name status created_at",
    "actp_funnel_snapshots": (
        "id snapshot_date paying_users mrr_usd phase impressions clicks signups trials impression_to_click click_to_signup "
        "signup_to_trial trial_to_paid month1_retention created_at"
    ),
}

FILES = [
    "sora_client.py",
    "credit_governor.py",
    "posthog_client.py",
    "superwall_client.py",
    "attribution_engine.py",
    "outreach_engine.py",
    "crm_engine.py",
    "upwork_engine.py",
    "email_engine.py",
    "acd_delegation_engine.py",
    "daily_routine.py",
    "funnel_tracker.py",
]

_TOPICS = {
    # the seed and definitions §0.3
    "research": "twitter platform keyword hashtags market list_results blueprints enqueue status results memory_proposals",
    "twitter": "strategy generate generate_prompt metrics playbook",
    "content": "analyze_video youtube_payload generate review",
    "sora": "generate reprocess",
    "remotion": "render",
    "publish": "auto multi lite content schedule",
    "mediaposter": "smart_schedule post_from_actp",
    "blotato": "publish queue_summary queue_audit",
    "feedback": "register_post list_posts checkbacks analysis generate_prompt twitter_cycle universal_cycle",
    "metrics": "winners",
    "social": "collect metrics summary",
    # 14: eleven observed, three of definitions §2.7b
    "dm": (
        "top_contacts ai_generate send process_outreach score_contact conversations health stats queue sync bulk_send "
        "messages next_action opt_out"
    ),
    # 11: eight observed, three of definitions §2.7a
    "linkedin": "prospect campaign ai_message stats search connect message status score conversations follow_up",
    "upwork": "search scan propose track stats status",
    # 10: seven observed, three of definitions §2.7c
    "crm": (
        "create_contact log_interaction stats list_contacts search_contacts advance_pipeline add_tag "
        "update_contact get_contact merge_contacts"
    ),
    "email": "send status list stats webhook preview",
    "posthog": "funnel events insights feature_flags funnel_by_source",
    "superwall": "paywalls metrics webhook ab_test",
    "revcat": "overview mrr active_subscribers check_subscribers",
    "stripe": "check_payments",
    "youtube": "analytics",
    "revenue": "daily_snapshot telegram_summary weekly_trend dashboard revcat_overview stripe_overview youtube_stats",
    "meta_ads": "pull_insights score_ads apply_rules scale_winners pause_losers run_cycle status spend",
    "ads": "deploy check_performance",
    "memory": "write write_daily write_knowledge write_lesson promote",
    "graph": "search entities promote record_event sync_vault",
    "system": (
        "heartbeat full_status list_services self_test self_heal crons restart_worker daily_revenue delegate_to_acd acd_status "
        "approval_gate pending_approvals deploy_code dlq_retry router_rules_list router_rules_upsert propose_schedule "
        "scheduler_status reconcile"
    ),
    "acd": (
        "start_harness stop_harness harness_status harness_logs list_harnesses list_projects import_project dashboard_stats wake"
    ),
    "orchestrator": "daily_summary morning_routine content_blitz outreach_cycle research_to_publish",
    "telegram": "send daily_report",
    # INTERFACE §7, beside posthog.funnel and email.preview
    "attribution": "compare",
    "experiments": "verdict",
    "bandit": "replay",
    "credit": "price",
}
TOPICS = frozenset(f"{service}.{action}" for service, actions in _TOPICS.items() for action in actions.split())
OTHER_SPELLINGS = {"generate_prompt", "delegate_to_acd", "heartbeat", "graph.promote", "revenue.telegram_report"}

NUMBERS = {
    "AI budget a month": "< $400",
    "AI budget a day": "$15",
    "Budget warning": "80 %",
    "Budget stop for non-critical generation": "100 %",
    "Research cache": "24 h",
    "Model for draft_generation": "haiku",
    "Model for content_review": "haiku",
    "Model for research_synthesis": "sonnet",
    "Model for architecture_planning": "opus only",
    "Models of the ACD harness": "haiku=tests, sonnet=features, opus=architecture",
    "Paywall winner": "p < 0.05",
    "Paywall measure": "7 days",
    "Post campaign mark": "utm_campaign=post_{id}",
    "Graduation score": "≥ 8.0",
    "Campaign budget a day": "$5-10",
    "Pause on CPA": "> $10 after 48 h",
    "Pause without conversions": "$20 spent",
    "LinkedIn a day": "50",
    "DMs a day": "20",
    "Upwork proposals a day": "5",
    "EverReach Pro": "$19.99/mo",
    "KindLetters": "$9.99/mo",
    "ClientPortal": "$49/mo",
    "Routine start": "06:00 local daily",
    "Posts a morning": "50",
    "First checkback": "4 h",
    "Second checkback": "24 h",
    "Phase 1": "< 50",
    "Phase 2": "50-199",
    "Phase 3": "200+",
    "Ads in phase 1": "none",
    "Ads in phase 2": "$5-10/day",
    "Ads in phase 3": "$50-100/day",
    "impression→click": "2-5 %",
    "click→signup": "10-20 %",
    "signup→trial": "30-50 %",
    "trial→paid": "10-20 %",
    "month-1 retention": "80 %",
    "Phase alert": "crossing 50 or 200",
}

SEQUENCES = {
    "Trial onboarding": "days 1, 3, 7: feature highlight, conversion nudge, discount",
    "Win-back": "day 30 after churn: personalised offer",
    "Weekly digest": "weekly to warm CRM leads",
}

FAILURE_RULES = {
    "system.heartbeat fails": "Telegram alert, generation skipped, revenue and memory still run",
    "a generation step fails": "one retry, then skip and log, the pipeline goes on",
    "dm.process_outreach": "never runs by itself, always asks for approval",
}

ACTIONS = {
    "morning": (
        "heartbeat | revenue snapshot | graph.search (recall) | research (cache-first) | strategy | generate 50 posts | "
        "sora videos | publish.auto | linkedin.prospect | upwork.scan | email nurture"
    ),
    "midday": "4hr checkbacks | dm.process_outreach (APPROVAL) | crm.stats | posthog.funnel | generate_prompt from winners",
    "afternoon": "second batch generate | publish.auto | social.collect",
    "evening": (
        "24hr checkbacks | feedback.analysis | metrics.winners | revenue snapshot | revcat.overview | superwall.metrics | "
        "posthog.insights"
    ),
    "night": "memory.write_daily | graph.record_event | generate_prompt | telegram.daily_report | orchestrator.daily_summary",
    "overnight": "memory.promote | graph.sync_vault | system.self_test",
}
