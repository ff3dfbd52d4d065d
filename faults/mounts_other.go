//go:build !linux

package main

import (
	"context"
	"errors"
)

var errNotLinux = errors.New("the fault suite needs Linux: mounts of its own, and /proc")

func startedAgain() bool                         { return false }
func hasPrivateMounts() bool                     { return false }
func startAgain(context.Context, []string) error { return errNotLinux }
func mountDisk(string, int64) error              { return errNotLinux }
func unmountDisk(string) error                   { return errNotLinux }
