package crontab

import "testing"

func TestCheckSchedule(t *testing.T) {
	right := []string{
		"* * * * *", "0 3 * * *", "0\t3  * * *", " 0 3 * * * ", "*/5 * * * *", "0-59/100,5-5 00 * * *", "1,2-4,6-10/2,*/7 * * * *",
		"0 0 31 2 *", "0 0 * JAN-mar,Oct 7", "0 0 * * sun-Tue,5", "@reboot", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually",
	}
	for _, s := range right {
		if err := CheckSchedule(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	wrong := []struct{ schedule, want string }{
		{"", `"" has 0 fields instead of five: minute, hour, day of month, month, day of week`},
		{"0 3 * *", `"0 3 * *" has 4 fields instead of five: minute, hour, day of month, month, day of week`},
		{"0 0 3 * * *", `"0 0 3 * * *" has 6 fields instead of five: minute, hour, day of month, month, day of week`},
		{"@fortnightly", `"@fortnightly" is not a schedule of cron: there are @reboot @hourly @daily @midnight @weekly @monthly @yearly @annually`},
		{"61 * * * *", `minute "61": "61" is not a number from 0 to 59`},
		{"-5 * * * *", `minute "-5": "" is not a number from 0 to 59`},
		{"* 1,,2 * * *", `hour "1,,2": "" is not a number from 0 to 23`},
		{"* * 0 * *", `day of month "0": "0" is not a number from 1 to 31`},
		{"* * * foo *", `month "foo": "foo" is neither a number from 1 to 12 nor a name such as jan`},
		{"* * * * monday", `day of week "monday": "monday" is neither a number from 0 to 7 nor a name such as sun`},
		{"*/0 * * * *", `minute "*/0": the step "0" is not a number above 0`},
		{"5/10 * * * *", `minute "5/10": a step needs a range: write "5-59/10"`},
		{"* 22-6 * * *", `hour "22-6": the range "22-6" runs backwards: cron would never run the job`},
		{"* *5 * * *", `hour "*5": "*5" is not a number from 0 to 23`},
		{"* 4294967296 * * *", `hour "4294967296": "4294967296" is not a number from 0 to 23`},
		{"* +5 * * *", `hour "+5": "+5" is not a number from 0 to 23`},
		{"@daily\n", "\"@daily\\n\" is not a schedule of cron: there are @reboot @hourly @daily @midnight @weekly @monthly @yearly @annually"},
	}
	for _, test := range wrong {
		if err := CheckSchedule(test.schedule); err == nil || err.Error() != test.want {
			t.Errorf("%q:\ngot  %v\nwant %s", test.schedule, err, test.want)
		}
	}
}
