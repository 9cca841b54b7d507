package resources

import "embed"

// Source is the source of this package. The doc comments of the types and their
// fields are taken from it when somebody asks what they mean.
//
//go:embed *.go
var Source embed.FS
