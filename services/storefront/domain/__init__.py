"""What the shop shows and keeps for its visitors, without a framework."""
