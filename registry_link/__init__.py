"""The household registry, as we know it: regions, households and members, imports, and who lies inside an area."""
