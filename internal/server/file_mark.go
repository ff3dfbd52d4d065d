package server

import "os"

// fileMark tells whether a file is still the one that it was.
type fileMark struct {
	info os.FileInfo // nil = there was none
}

func markOf(path string) fileMark {
	info, err := os.Stat(path)
	if err != nil {
		return fileMark{}
	}
	return fileMark{info}
}

func (m fileMark) same(other fileMark) bool {
	if m.info == nil || other.info == nil {
		return m.info == nil && other.info == nil
	}
	return os.SameFile(m.info, other.info) && m.info.ModTime().Equal(other.info.ModTime()) && m.info.Size() == other.info.Size()
}
