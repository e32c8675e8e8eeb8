"""The tables of content: strategies and lessons per day and niche, drafts, rubrics, reviews."""

from __future__ import annotations

import sqlalchemy as sa

from revenue_machine.kit.db import day, document, flag, instant, number, real, table, text, text_key

STRATEGIES = table(
    "actp_twitter_strategy",
    text_key(),
    day("run_date", null=False),
    text("niche", null=False),
    text("source", null=False),
    document("angles", null=False),
    document("avoid", null=False),
    document("evidence_item_ids", null=False),
    number("dropped_claims", null=False),
    text("model"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("run_date", "niche"),
)

LESSONS = table(
    "actp_generation_lessons",
    text_key(),
    day("run_date", null=False),
    text("niche", null=False),
    text("source", null=False),
    document("guidelines", null=False),
    document("winner_draft_ids", null=False),
    text("model"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("run_date", "niche"),
)

DRAFTS = table(
    "actp_drafts",
    text_key(),
    day("run_date", null=False),
    number("batch", null=False),
    text("slot_key", null=False),
    text("niche", null=False),
    text("platform", null=False),
    text("content_type", null=False),
    text("hook_category", null=False),
    text("framework", null=False),
    text("offer"),
    text("cta", null=False),
    text("length_bucket", null=False),
    text("disclosure", null=False),
    flag("is_ai_made", default=True),
    text("text", null=False),
    text("text_hash", null=False),
    text("evidence_item_id"),
    text("blueprint_id"),
    text("status", null=False),
    real("review_score"),
    document("review_scores"),
    text("review_notes"),
    number("revision", null=False, default=0),
    text("model"),
    text("post_id", null=False, unique=True),
    number("measured_reward"),
    real("measured_score"),
    instant("measured_at"),
    instant("created_at", null=False),
    instant("updated_at", null=False),
    sa.UniqueConstraint("run_date", "batch", "slot_key"),
    sa.Index(None, "status"),
    sa.Index(None, "niche", "measured_at"),
)

RUBRICS = table(
    "actp_review_rubrics",
    text_key(),
    text("slug", null=False),
    number("version", null=False),
    text("name", null=False),
    document("dimensions", null=False),
    document("decision_rules", null=False),
    flag("enabled", default=True),
    instant("created_at", null=False),
    sa.UniqueConstraint("slug", "version"),
)

REVIEWS = table(
    "actp_content_reviews",
    text_key(),
    text("draft_id", null=False),
    text("rubric_slug", null=False),
    number("rubric_version", null=False),
    document("dimension_scores"),
    real("weighted_score"),
    text("overall_assessment"),
    text("ai_decision", null=False),
    text("final_decision", null=False),
    text("override_by"),
    text("override_reason"),
    number("revision_number", null=False),
    text("ai_model"),
    instant("created_at", null=False),
    sa.Index(None, "draft_id"),
)
