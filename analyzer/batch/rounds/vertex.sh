#!/usr/bin/env bash
# One round through Vertex AI batch prediction, for cron: starts what the runner has written, brings back what has ended.
# Needs gcloud, curl and python3, and an account that may use the bucket and batch prediction jobs. Safe to repeat, and
# one round at a time. Vertex has no token against starting twice: a job is looked for by its name first, and one that
# was started and is not listed is left to a person.
set -euo pipefail
cd "$(dirname "$0")"
exec 9>.round.lock
flock -n 9 || exit 0
bucket=@bucket@ project=@project@ location=@location@
jobs="https://$location-aiplatform.googleapis.com/v1/projects/$project/locations/$location/batchPredictionJobs"
ask() { curl --silent --show-error --fail --header "Authorization: Bearer $(gcloud auth print-access-token)" --header "Content-Type: application/json" "$@"; }
first='import json, sys; found = json.load(sys.stdin).get("batchPredictionJobs", []); print(*((found[0]["name"], found[0]["state"]) if found else ()))'
stuck=0
for job in w*/; do
  job=${job%/}
  [ -f "$job/job.json" ] && [ ! -e "$job/ended.json" ] || continue
  found=$(ask --get --data-urlencode "filter=displayName=\"$job\"" "$jobs" | python3 -c "$first")
  name=${found%% *} state=${found##* }
  if [ -z "$found" ]; then
    if [ -e "$job/starting" ]; then
      echo "$job was started and is not listed; when it certainly does not exist, remove $job/starting" >&2
      stuck=3
    elif [ -e "$job/cancel" ]; then
      printf '{"status": "JOB_STATE_CANCELLED"}\n' > "$job/ended.half"
      mv "$job/ended.half" "$job/ended.json"
    else
      gcloud storage cp "$job/input.jsonl" "$bucket/$job/input.jsonl"
      touch "$job/starting"
      ask --data "@$job/job.json" "$jobs" > "$job/started.json"
    fi
    continue
  fi
  case "$state" in
    JOB_STATE_SUCCEEDED | JOB_STATE_PARTIALLY_SUCCEEDED | JOB_STATE_FAILED | JOB_STATE_CANCELLED | JOB_STATE_EXPIRED)
      mkdir -p "$job/output"
      case "$state" in
        *SUCCEEDED) gcloud storage cp --recursive "$bucket/$job/output/*" "$job/output/" ;;
        *) gcloud storage cp --recursive "$bucket/$job/output/*" "$job/output/" || true ;; # there may be none
      esac
      printf '{"status": "%s"}\n' "$state" > "$job/ended.half"
      mv "$job/ended.half" "$job/ended.json"
      ;;
    JOB_STATE_CANCELLING) ;;
    *)
      if [ -e "$job/cancel" ]; then ask --request POST "https://$location-aiplatform.googleapis.com/v1/$name:cancel"; fi
      ;;
  esac
done
exit "$stuck"
