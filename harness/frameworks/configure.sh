# shellcheck shell=sh
# sh configure.sh DIRECTORY PORT FILE... -- COMMAND...
# Copies each file into the directory, replaces @DIRECTORY@, @PORT@ and @USER@ in the copies, and becomes the command.
set -eu
directory=$1 port=$2
shift 2
while [ "$1" != -- ]; do
  sed "s|@DIRECTORY@|$directory|g; s|@PORT@|$port|g; s|@USER@|$(id -un)|g" "$1" >"$directory/${1##*/}"
  shift
done
shift
exec "$@"
