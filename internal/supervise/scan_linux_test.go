package supervise_test

import (
	"testing"

	"github.com/aloft-dev/aloft/internal/supervise"
)

const statTail = " 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1000000 250 18446744073709551615"

func TestParseStat(t *testing.T) {
	for _, test := range []struct {
		rule, line string
		pid        int
		zombie, ok bool
	}{
		{"a plain name", "43 (sleep) S" + statTail, 43, false, true},
		{"a name made to mislead", "43 (x) Z 9 9 (y) S" + statTail, 43, false, true},
		{"a name with a line break", "43 (a\nb) S" + statTail, 43, false, true},
		{"a zombie", "43 (sleep) Z" + statTail, 43, true, true},
		{"too short", "43 (sleep) S 1 42", 0, false, false},
		{"empty", "", 0, false, false},
	} {
		t.Run(test.rule, func(t *testing.T) {
			pid, ppid, pgid, zombie, ok := supervise.ParseStat(test.line)
			if ok != test.ok || pid != test.pid || zombie != test.zombie || (ok && (ppid != 1 || pgid != 42)) {
				t.Errorf("%d %d %d %v %v", pid, ppid, pgid, zombie, ok)
			}
		})
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add("43 (sleep) S" + statTail)
	f.Add(")(")
	f.Fuzz(func(t *testing.T, line string) { supervise.ParseStat(line) })
}

func TestParseListener(t *testing.T) {
	for _, test := range []struct{ rule, line, inode, address string }{
		{"IPv4", "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 777 1 0", "777", "127.0.0.1:8080"},
		{"IPv6", "0: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 778 1", "778", "[::1]:8080"},
		{"a connection", "0: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000 0 0 777 1 0", "", ""},
		{"the heading", "sl local_address rem_address st tx_queue rx_queue tr tm->when retrnsmt uid timeout inode", "", ""},
	} {
		t.Run(test.rule, func(t *testing.T) {
			inode, address, ok := supervise.ParseListener(test.line)
			if ok != (test.inode != "") || inode != test.inode || (ok && address.String() != test.address) {
				t.Errorf("%q %v %v", inode, address, ok)
			}
		})
	}
}

func FuzzParseListener(f *testing.F) {
	f.Add("0: 0100007F:1F90 00000000:0000 0A 0 0 0 0 0 777")
	f.Fuzz(func(t *testing.T, line string) { supervise.ParseListener(line) })
}
