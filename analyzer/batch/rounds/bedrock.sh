#!/usr/bin/env bash
# One round through Bedrock batch inference, for cron: starts what the runner has written, brings back what has ended.
# Needs the aws command line with a role that may use the bucket and bedrock:*ModelInvocationJob. Safe to repeat, and one
# round at a time; a job is started with the same clientRequestToken each time, so Bedrock starts it once.
set -euo pipefail
cd "$(dirname "$0")"
exec 9>.round.lock
flock -n 9 || exit 0
bucket=@bucket@
for job in w*/; do
  job=${job%/}
  [ -f "$job/job.json" ] && [ ! -e "$job/ended.json" ] || continue
  if [ ! -e "$job/started" ]; then
    if [ -e "$job/cancel" ] && [ ! -e "$job/starting" ]; then
      printf '{"status": "Stopped"}\n' > "$job/ended.half"
      mv "$job/ended.half" "$job/ended.json"
      continue
    fi
    aws s3 cp --only-show-errors "$job/input.jsonl" "$bucket/$job/input.jsonl"
    touch "$job/starting"
    aws bedrock create-model-invocation-job --cli-input-json "file://$job/job.json" --query jobArn --output text > "$job/started.half"
    mv "$job/started.half" "$job/started"
  fi
  arn=$(cat "$job/started")
  status=$(aws bedrock get-model-invocation-job --job-identifier "$arn" --query status --output text)
  case "$status" in
    Completed | PartiallyCompleted | Failed | Stopped | Expired)
      aws s3 cp --recursive --only-show-errors "$bucket/$job/output/" "$job/output/"
      printf '{"status": "%s"}\n' "$status" > "$job/ended.half"
      mv "$job/ended.half" "$job/ended.json"
      ;;
    Stopping) ;;
    *)
      if [ -e "$job/cancel" ]; then aws bedrock stop-model-invocation-job --job-identifier "$arn"; fi
      ;;
  esac
done
