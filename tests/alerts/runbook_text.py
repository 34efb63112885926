"""A runbook without a fault, for tests to spoil."""

GOOD = """\
# DiskSpaceLow

Ticket, team platform.

## What it means

A disk is nearly full.

## Who is hurt

Nobody yet.

## First three checks

1. How full:
   ```promql
   node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1
   ```
2. What fills it: see [the other one](DiskFillingUp.md).
3. Since when.

## Mitigate

Delete what is old; [the shared page](README.md) says what is. See also [below](#who-is-hurt) and
https://example.com/disks.

## How to know it is over

```promql
ALERTS{alertname="DiskSpaceLow"}
```

## Known false positives

None is known.
"""
KNOWN = ("DiskSpaceLow", "DiskFillingUp")
