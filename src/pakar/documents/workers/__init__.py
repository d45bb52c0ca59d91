"""Reading in processes of their own: no file can crash, stall or eat the process that asked."""
