package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// process is a process of the machine.
type process struct {
	pid     int
	tag     string // ALOFT_TAG of its environment
	command string
	folder  string // working directory
}

func (p process) String() string {
	command := p.command
	if len(command) > 80 {
		command = command[:80] + "…"
	}
	return fmt.Sprintf("%d (%s, tag %q)", p.pid, command, p.tag)
}

func (p process) kill() error { return syscall.Kill(p.pid, syscall.SIGKILL) }

// engine reports whether it is an engine.
func (p process) engine() bool {
	name := filepath.Base(p.program())
	return name == "terraform" || name == "tofu"
}

func (p process) program() string {
	program, _, _ := strings.Cut(p.command, " ")
	return program
}

// processes returns what runs for a server, besides the server and its
// PostgreSQL: by its tag, by what it was started with, by where it runs.
func (s *server) processes() ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() || s.alive() && pid == s.command.Process.Pid {
			continue
		}
		p := look(pid)
		ours := strings.HasPrefix(p.tag, s.tag()) || strings.Contains(p.command, s.data()) || strings.HasPrefix(p.folder, s.data())
		if ours && !strings.HasPrefix(p.folder, s.data("postgresql")) && p.command != "" {
			found = append(found, p)
		}
	}
	return found, nil
}

// look reads what the kernel tells of a process. One that is gone has no command.
func look(pid int) process {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	command, _ := os.ReadFile(filepath.Join(proc, "cmdline"))
	environment, _ := os.ReadFile(filepath.Join(proc, "environ"))
	folder, _ := os.Readlink(filepath.Join(proc, "cwd"))
	p := process{pid: pid, folder: folder}
	p.command = strings.TrimSpace(string(bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
	for pair := range bytes.SplitSeq(environment, []byte{0}) {
		if tag, ok := bytes.CutPrefix(pair, []byte("ALOFT_TAG=")); ok {
			p.tag = string(tag)
		}
	}
	return p
}

// cluster returns the folder of the server's PostgreSQL, if there is one.
func (s *server) cluster() (folder string, ok bool) {
	found, _ := filepath.Glob(s.data("postgresql", "*", "data")) // the pattern is ours
	if len(found) == 0 {
		return "", false
	}
	return filepath.Dir(found[0]), true
}

var errNoPostgres = errors.New("PostgreSQL does not run")

// postmaster returns the process of the server's PostgreSQL.
func (s *server) postmaster() (process, error) {
	folder, ok := s.cluster()
	if !ok {
		return process{}, errNoPostgres
	}
	text, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		return process{}, errNoPostgres
	}
	line, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return process{}, err
	}
	if p := look(pid); p.folder == filepath.Join(folder, "data") {
		return p, nil
	}
	return process{}, errNoPostgres
}
