"""Floor 4: HDF5 files, the only room that knows h5py."""
