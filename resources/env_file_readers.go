package resources

import (
	"errors"
	"slices"

	"github.com/makenotwork/mnw-agent/resources/node"
	"github.com/makenotwork/mnw-agent/resources/unitfile"
)

// unitsReading is the services that run now and read an environment file when
// they start, by name.
func unitsReading(v node.View, file string) ([]string, error) {
	if _, err := v.Manager(); errors.Is(err, node.ErrOffline) || errors.Is(err, node.ErrNoSystemd) {
		return nil, nil
	}
	services, err := servicesReading(v, file)
	if err != nil {
		return nil, err
	}
	var running []string
	for _, service := range services {
		if isTemplate(service.Name) {
			continue
		}
		now, err := v.Unit(service.Name)
		if err != nil {
			return nil, err
		}
		if now.Running() {
			running = append(running, service.Name)
		}
	}
	return running, nil
}

// servicesReading is the services that read a file as an environment file when
// they start, under this name or another, sorted by name.
func servicesReading(v node.View, file string) ([]*unitfile.Unit, error) {
	services, err := unitfile.All(v, "service")
	end, _ := follow(v, file)
	return slices.DeleteFunc(services, func(service *unitfile.Unit) bool {
		return !slices.ContainsFunc(environmentFiles(v, service), func(read string) bool {
			at, _ := follow(v, read)
			return at == end
		})
	}), err
}
