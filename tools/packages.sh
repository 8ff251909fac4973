# Sourced by ./run, ./test and tests/fresh: the Debian packages of packaging/packages.
# shellcheck shell=sh

# The names for the given purposes (build, run, test), one per line.
packages_for() {
	for purpose in "$@"; do
		awk -v want="$purpose" '$1 == want { print $2 }' "$root/packaging/packages"
	done
}

# Those of the given names that are not installed.
packages_missing() {
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
	done
}

# Installs what is missing; asks once on a terminal unless $assume_yes is set.
packages_install() {
	# shellcheck disable=SC2046
	missing=$(packages_missing $(packages_for "$@"))
	[ -n "$missing" ] || return 0
	echo "Debian packages to install: $(echo "$missing" | tr '\n' ' ')" >&2
	if [ -z "${assume_yes:-}" ] && [ -t 0 ]; then
		printf 'Install them now? [Y/n] ' >&2
		read -r answer
		case $answer in n* | N*) return 1 ;; esac
	fi
	sudo=
	[ "$(id -u)" = 0 ] || sudo=sudo
	$sudo apt-get update -qq >&2 || return 1
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
		>&2 || return 1
}
