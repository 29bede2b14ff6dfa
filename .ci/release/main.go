// Command release makes what a release consists of, apart from the programs and packages
// themselves. The Makefile calls it:
//
//	release licenses -o FILE PACKAGE GOOS/GOARCH...
//	release archive -o FILE -time TIME FOLDER...
//	release checksums FOLDER
//	release manifests -version VERSION -repository URL -o FOLDER SHA256SUMS
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error: release:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("no command: licenses, archive, checksums or manifests")
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	out := flags.String("o", "", "the file or folder to write")
	switch args[0] {
	case "licenses":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if flags.NArg() < 2 {
			return errors.New("licenses: no package, or no platform")
		}
		return writeLicenses(*out, flags.Arg(0), flags.Args()[1:])
	case "archive":
		at := flags.String("time", "", "the time of every entry, RFC 3339; else the earliest that a zip can hold")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		modified, err := time.Parse(time.RFC3339, cmp.Or(*at, "1980-01-01T00:00:00Z"))
		if err != nil {
			return err
		}
		return writeArchive(*out, modified, flags.Args())
	case "checksums":
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return writeChecksums(flags.Arg(0))
	case "manifests":
		var r release
		flags.StringVar(&r.Version, "version", "", "the version, without a v")
		flags.StringVar(&r.Repository, "repository", "", "the address of the repository on GitHub")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		return writeManifests(*out, r, flags.Arg(0))
	}
	return fmt.Errorf("no command %q", args[0])
}
