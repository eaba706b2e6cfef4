# Reports the variables RUNWEAVE_TRACK_* and runnable_TRACK_* of a shell task to RUNWEAVE_LOG. Read by /bin/sh before the
# task's command, and by bash before each script (BASH_ENV). Knows sh and bash; leaves the exit status as it is.
if [ -n "${BASH_VERSION-}" ]; then
  if [ -n "${RUNWEAVE_BASH_ENV-}" ] && [ -r "$RUNWEAVE_BASH_ENV" ]; then . "$RUNWEAVE_BASH_ENV"; fi
  # In a string, because sh reads this file too and does not know the words.
  eval '
    __runweave_tracked=
    __runweave_track() {
      local name value now=
      for name in ${!RUNWEAVE_TRACK_@} ${!runnable_TRACK_@}; do
        value=${!name-}
        now+="track $name=${value//$'\''\n'\''/ }"$'\''\n'\''
      done
      if [ "$now" != "$__runweave_tracked" ]; then
        __runweave_tracked=$now
        printf "%s" "$now" >> "$RUNWEAVE_LOG" || :
      fi
    }
    trap __runweave_track DEBUG
    trap __runweave_track EXIT
  '
else
  trap 'env | sed -n -e "s/^RUNWEAVE_TRACK_/track &/p" -e "s/^runnable_TRACK_/track &/p" >> "$RUNWEAVE_LOG" || :' EXIT
fi
