//go:build !linux

package main

import (
	"context"
	"errors"
)

var errNotLinux = errors.New("the fault suite needs Linux: mounts of its own, and /proc")

func insidePrivateMounts() bool               { return false }
func reenter(context.Context, []string) error { return errNotLinux }
func mountDisk(string, int64) error           { return errNotLinux }
func unmountDisk(string) error                { return errNotLinux }
