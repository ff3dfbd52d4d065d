// Package aloft holds the words of Aloft: a push of a branch env-<name> makes a
// running environment, the branch is its handle, and deleting it removes it.
//
// It knows the nouns (project, environment, run, release…), the rules they
// keep and the contracts shared by several rooms. It imports the standard
// library only; every room under internal/ imports it and, with the few
// exceptions that the house test lists, no other room.
package aloft
