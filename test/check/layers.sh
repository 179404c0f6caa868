# Every room calls rooms on lower floors only.
scripts/layers
