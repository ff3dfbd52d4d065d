package aloft

// Confinement says what a child process may reach of this machine's files
// besides the system's own and the toolchains. All else is closed to it: to read,
// to write and to run.
type Confinement struct {
	Read  []string // files and folders to read, and to run programs from
	Write []string // folders to change as well
}
