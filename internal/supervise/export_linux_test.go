package supervise

// The parsers of what the kernel and, within it, other people's processes tell.
var (
	ParseListener = parseListener
)

// ParseStat returns what a line of /proc/<pid>/stat tells.
func ParseStat(line string) (pid, ppid, pgid int, zombie, ok bool) {
	p, ok := parseStat(line)
	return p.pid, p.ppid, p.pgid, p.zombie, ok
}
