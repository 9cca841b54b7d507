# What the scripts in cases/ have besides the shell's own.
umask 022
owner() { # USER:GROUP FILE…
	[ "$(id -u)" != 0 ] || chown -h "$@"
}
user() { # NAME ID [HOME]: with a group of the same name and number
	echo "$1:x:$2:$2::${3:-/home/$1}:/bin/sh" >>"$ROOT/etc/passwd"
	echo "$1:*:19700:0:99999:7:::" >>"$ROOT/etc/shadow"
	echo "$1:x:$2:" >>"$ROOT/etc/group"
	echo "$1:!::" >>"$ROOT/etc/gshadow"
}
member() { # USER GROUP
	sed -i "/^$2:/{s/[^:]\$/&,/; s/\$/$1/}" "$ROOT/etc/group" "$ROOT/etc/gshadow"
}
crontab_of() { # USER; the table is the standard input
	if [ -z "$ROOT" ]; then
		crontab -u "$1" -
	else
		file="$ROOT/var/spool/cron/crontabs/$1"
		(umask 077; cat >"$file")
		owner "$(sed -n "s/^$1:[^:]*:\([0-9]*\):.*/\1/p" "$ROOT/etc/passwd")" "$file"
	fi
}
