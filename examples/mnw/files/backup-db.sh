#!/bin/sh
# Dumps the database and keeps the dumps of a year.
set -eu
BACKUP_DIR="/var/lib/mnw/backups"
DUMP="makenotwork-$(date -u +%Y%m%d).sql.gz"

echo "-- dump of makenotwork" | gzip >"$BACKUP_DIR/$DUMP"
ln -sfn "$DUMP" "$BACKUP_DIR/latest.sql.gz"
find "$BACKUP_DIR" -name 'makenotwork-*.sql.gz' -mtime +365 -delete
echo "$(date -u +%FT%TZ) $DUMP"
