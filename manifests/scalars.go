package manifests

import (
	"encoding"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/makenotwork/mnw-agent/resources"
	"gopkg.in/yaml.v3"
)

// What counts is the text of a scalar as it is written: 0644 and "0644" are the
// same mode, and 3000 is a text where a text is wanted. Quotes matter only for
// the null of YAML (~, null, nothing at all), which is no value anywhere.

var (
	unmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	durationType    = reflect.TypeFor[time.Duration]()
	refType         = reflect.TypeFor[Ref]()
	idType          = reflect.TypeFor[resources.ID]()
)

// isRef says whether a type is that of a reference to a resource.
func isRef(t reflect.Type) bool { return t == refType || t == idType }

// scalarDecoder is the decoder for a type that is written as one scalar, nil
// for any other type.
func scalarDecoder(t reflect.Type) decoder {
	var set func(text string, into reflect.Value) (complaint string)
	switch {
	case t == refType:
		return decodeRef
	case t == idType:
		return decodeID
	case reflect.PointerTo(t).Implements(unmarshalerType):
		return decodeItself
	case t == durationType:
		set = setDuration
	case t.Kind() == reflect.String:
		set = setString
	case t.Kind() == reflect.Bool:
		set = setBool
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		set = setInt
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		set = setUint
	default:
		return nil
	}
	return func(l *loader, n *yaml.Node, into reflect.Value) {
		if t.Kind() == reflect.String && isNull(n) {
			l.wrong(n, `there is no value: write "" for an empty text, or leave the key out`)
			return
		}
		if !l.isScalar(n) {
			return
		}
		if complaint := set(n.Value, into); complaint != "" {
			l.wrong(n, "%s", complaint)
		}
	}
}

func (l *loader) isScalar(n *yaml.Node) bool {
	switch {
	case isNull(n):
		l.wrong(n, "there is no value: leave the key out, or write one")
	case n.Kind != yaml.ScalarNode:
		l.wrong(n, "want one value, not %s", kindOf(n))
	default:
		return true
	}
	return false
}

func decodeItself(l *loader, n *yaml.Node, into reflect.Value) {
	if !l.isScalar(n) {
		return
	}
	l.scratch = append(l.scratch[:0], n.Value...)
	if err := into.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(l.scratch); err != nil {
		l.wrong(n, "%v%s", err, l.didYouMean(n.Value, slices.Values(choices(into.Type()))))
	}
}

func setString(text string, into reflect.Value) string {
	into.SetString(text)
	return ""
}

func setBool(text string, into reflect.Value) string {
	switch text {
	case "true", "false":
		into.SetBool(text == "true")
		return ""
	case "yes", "Yes", "YES", "on", "On", "ON", "y", "Y", "True", "TRUE":
		return strconv.Quote(text) + " is neither true nor false: write true"
	case "no", "No", "NO", "off", "Off", "OFF", "n", "N", "False", "FALSE":
		return strconv.Quote(text) + " is neither true nor false: write false"
	}
	return strconv.Quote(text) + " is neither true nor false"
}

func setInt(text string, into reflect.Value) string {
	number, err := strconv.ParseInt(text, 10, into.Type().Bits())
	if err != nil || strconv.FormatInt(number, 10) != text {
		return notANumber(text, err)
	}
	into.SetInt(number)
	return ""
}

func setUint(text string, into reflect.Value) string {
	number, err := strconv.ParseUint(text, 10, into.Type().Bits())
	if err != nil || strconv.FormatUint(number, 10) != text {
		return notANumber(text, err)
	}
	into.SetUint(number)
	return ""
}

func notANumber(text string, err error) string {
	if numError, ok := err.(*strconv.NumError); ok && numError.Err == strconv.ErrRange {
		return text + " is too large or too small"
	}
	return strconv.Quote(text) + " is not a whole number in plain decimal digits"
}

func setDuration(text string, into reflect.Value) string {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || text == "0" {
		if seconds, err := time.ParseDuration(text + "s"); err == nil && seconds >= 0 {
			return text + " has no unit: write " + text + "s for seconds, or use ms, m or h"
		}
		return strconv.Quote(text) + " is not a duration: want a number and a unit, such as 30s or 1h30m"
	}
	into.SetInt(int64(d))
	return ""
}
